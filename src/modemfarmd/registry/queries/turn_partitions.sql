SELECT deed, partition
FROM turn_partitions(%(now)s, %(logs)s, %(samples)s, %(events)s)
