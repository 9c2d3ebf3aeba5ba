-- Weir's tables, version 2: what the engine does with a part besides writing its rows.
-- No column statistics: no question of ours needs them, and the engine would count the distinct values of every column in each
-- insert and again in each merge (0.4 µs a row and more).
-- Merges of ten parts instead of five: half as many of them at 25 small inserts a second, and each row is written anew less often.
-- Parts of events from 48 MiB on are wide, so that merges of batches go column by column; those go three times as fast.
ALTER TABLE {database}.events MODIFY SETTING auto_statistics_types = '', materialize_statistics_on_merge = 0,
    merge_selector_base = 12, min_parts_to_merge_at_once = 10, min_bytes_for_wide_part = 50331648;
ALTER TABLE {database}.rejects MODIFY SETTING auto_statistics_types = '', materialize_statistics_on_merge = 0,
    merge_selector_base = 12, min_parts_to_merge_at_once = 10;
ALTER TABLE {database}.rollups MODIFY SETTING auto_statistics_types = '', materialize_statistics_on_merge = 0,
    merge_selector_base = 12, min_parts_to_merge_at_once = 10;
