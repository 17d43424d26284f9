"""The httpx client, paging, retries and the snapshot. Touches the network; decides nothing."""
