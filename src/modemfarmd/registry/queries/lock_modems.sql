-- Readers go on; whoever would write waits for the end of the transaction, at most its time-out.
LOCK TABLE modems IN SHARE ROW EXCLUSIVE MODE
