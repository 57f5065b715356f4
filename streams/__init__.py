"""The line, one file per stage in the order of the flow: read, frame, shard, align, detect, sink. Pure at heart."""
