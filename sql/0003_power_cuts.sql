-- Weir's tables, version 3: what is in them survives a power cut.
-- The worker commits its place in the log when an insert has returned, and never looks at those events again; so the rows must be on the
-- disk by then. The same for merges, as the engine removes the parts that were merged at once.
ALTER TABLE {database}.events MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
ALTER TABLE {database}.rejects MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
ALTER TABLE {database}.rollups MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1,
    min_rows_to_fsync_after_merge = 1, min_compressed_bytes_to_fsync_after_merge = 1;
