"""Where a policy's new rows come from beside the watched folder: a SQL query and a dataset of the Hub, looked at now and then."""
