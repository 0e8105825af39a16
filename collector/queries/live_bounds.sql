SELECT min(event) AS oldest, max(event) AS newest FROM live_event
