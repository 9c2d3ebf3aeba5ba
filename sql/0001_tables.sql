-- Weir's tables, version 1. {database} is replaced by the name of the database; statements end with a semicolon at a line's end.
-- The same file serves the embedded engine and a ClickHouse server. Deduplication windows: every batch carries a token, and at
-- 40 batches a second 100,000 tokens are three quarters of an hour.

-- One row an admitted event. A field that an event does not have is empty or 0; `present` says which fields it has
-- (bit n: field n of src/event/event_type.h), so that a real 0 or empty text is given back.
-- Parts up to 256 MiB are compact (one file for all columns): the file system pays for each of the 70 files of a wide part,
-- 20 times a second.
-- A day of event time is a partition: what retention drops. No engine TTL here, as rows that vanish by themselves cannot be
-- counted.
CREATE TABLE IF NOT EXISTS {database}.events
(
    time DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    received_at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    type LowCardinality(String),
    source LowCardinality(String),
    id String,
    user_id String,
    ip String,
    country LowCardinality(String),
    asn UInt32,
    outcome LowCardinality(String),
    reason LowCardinality(String),
    email String,
    auth_method LowCardinality(String),
    method LowCardinality(String),
    path String,
    status UInt16,
    latency_ms Float64,
    bytes UInt64,
    referrer String,
    recipient String,
    email_domain LowCardinality(String),
    delivery LowCardinality(String),
    template LowCardinality(String),
    provider LowCardinality(String),
    message_id String,
    dsn LowCardinality(String),
    user_agent LowCardinality(String),
    session_id String,
    device_id String,
    truth LowCardinality(String),
    partition UInt32,
    offset UInt64 CODEC(Delta, LZ4),
    present UInt32
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(time)
ORDER BY time
SETTINGS non_replicated_deduplication_window = 100000, max_partitions_to_read = -1, min_bytes_for_wide_part = 268435456;

-- One row a rejected event; `raw` holds its exact bytes (the first 64 KiB).
CREATE TABLE IF NOT EXISTS {database}.rejects
(
    received_at DateTime64(3, 'UTC') CODEC(Delta, LZ4),
    reason LowCardinality(String),
    field LowCardinality(String),
    message String,
    source String,
    id String,
    type String,
    raw String,
    partition UInt32,
    offset UInt64
)
ENGINE = MergeTree
PARTITION BY toYYYYMMDD(received_at)
ORDER BY received_at
SETTINGS non_replicated_deduplication_window = 100000;

-- One row an episode; the newest version wins.
CREATE TABLE IF NOT EXISTS {database}.findings
(
    id String,
    rule_id String,
    rule_title String,
    level LowCardinality(String),
    sentence String,
    recommendation String,
    status LowCardinality(String),
    verdict LowCardinality(String),
    assignee String,
    note String,
    opened_at DateTime64(3, 'UTC'),
    last_seen_at DateTime64(3, 'UTC'),
    closed_at DateTime64(3, 'UTC'),
    events UInt64,
    entities Array(Tuple(kind String, id String, role String)),
    tags Array(String),
    risk UInt8,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 100000;

-- Counts by bucket of event time. `step` is the bucket's length in seconds: 1, 60 or 3600; three views below show one each.
-- One table and not three, as each table that a batch touches costs an insert (about 5 ms of core time), however few rows.
-- dimension '' with key '' is the total; other dimensions have one row a key. rejects, duplicates and late are counted by arrival,
-- events_late are those of the bucket's events that came more than a minute late: a bucket that has no others was not lived through.
-- The ephemeral columns take what the worker has (hashes, values and how often each came) and become aggregate states here.
CREATE TABLE IF NOT EXISTS {database}.rollups
(
    step UInt16,
    time DateTime('UTC') CODEC(Delta, LZ4),
    dimension LowCardinality(String),
    key String,
    events SimpleAggregateFunction(sum, UInt64),
    late SimpleAggregateFunction(sum, UInt64),
    events_late SimpleAggregateFunction(sum, UInt64),
    logins SimpleAggregateFunction(sum, UInt64),
    login_failures SimpleAggregateFunction(sum, UInt64),
    signups SimpleAggregateFunction(sum, UInt64),
    password_changes SimpleAggregateFunction(sum, UInt64),
    password_resets SimpleAggregateFunction(sum, UInt64),
    mfa_failures SimpleAggregateFunction(sum, UInt64),
    api_requests SimpleAggregateFunction(sum, UInt64),
    api_errors SimpleAggregateFunction(sum, UInt64),
    emails SimpleAggregateFunction(sum, UInt64),
    emails_arrived SimpleAggregateFunction(sum, UInt64),
    email_deferrals SimpleAggregateFunction(sum, UInt64),
    email_bounces SimpleAggregateFunction(sum, UInt64),
    email_complaints SimpleAggregateFunction(sum, UInt64),
    rejects SimpleAggregateFunction(sum, UInt64),
    duplicates SimpleAggregateFunction(sum, UInt64),
    ip_hashes Array(UInt64) EPHEMERAL,
    ip_counts Array(UInt64) EPHEMERAL,
    user_hashes Array(UInt64) EPHEMERAL,
    latency_values Array(Float32) EPHEMERAL,
    latency_counts Array(UInt64) EPHEMERAL,
    unique_ips AggregateFunction(uniqCombined(12), UInt64) DEFAULT arrayReduce('uniqCombinedState(12)', ip_hashes),
    unique_users AggregateFunction(uniqCombined(12), UInt64) DEFAULT arrayReduce('uniqCombinedState(12)', user_hashes),
    top_ips AggregateFunction(approx_top_sum(10, 300), UInt64, UInt64) DEFAULT arrayReduce('approx_top_sumState(10, 300)', ip_hashes, ip_counts),
    latency AggregateFunction(quantilesBFloat16Weighted(0.5, 0.95, 0.99), Float32, UInt64) DEFAULT arrayReduce('quantilesBFloat16WeightedState(0.5, 0.95, 0.99)', latency_values, latency_counts)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (step, dimension, time, key)
TTL time + INTERVAL 2 DAY DELETE WHERE step = 1, time + INTERVAL 400 DAY DELETE WHERE step = 60
SETTINGS non_replicated_deduplication_window = 100000;

CREATE VIEW IF NOT EXISTS {database}.events_1s AS SELECT * EXCEPT (step) FROM {database}.rollups WHERE step = 1;
CREATE VIEW IF NOT EXISTS {database}.events_1m AS SELECT * EXCEPT (step) FROM {database}.rollups WHERE step = 60;
CREATE VIEW IF NOT EXISTS {database}.events_1h AS SELECT * EXCEPT (step) FROM {database}.rollups WHERE step = 3600;
