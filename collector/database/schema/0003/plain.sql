CREATE INDEX detection_window_by_time ON detection_window USING brin (time) WITH (autosummarize = on);
