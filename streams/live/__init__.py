"""The line on Apache Kafka: Faust workers, the only folder that knows Kafka and Faust.

Raw events are made into frames by `framing`, frames are taken by one Faust agent per key space (`worker`), whose parts
keep their state in `snapshots`; what they find goes to the store through `sink`.
"""
