"""The httpx client, paging, retries, the snapshot and its gathering on disk. Touches the network; decides nothing."""
