package io.tidaldb.bench;

import org.HdrHistogram.Histogram;

/** One thread that gives a sink one record after the other, without a committer between. */
final class AppendContender implements Contender {

    private static final int[] TENANT = {0};

    private final GroupSink sink;

    AppendContender(GroupSink sink) {
        this.sink = sink;
    }

    @Override
    public Phase run(double seconds) throws Exception {
        Histogram acks = Phase.acks();
        long begin = System.nanoTime();
        long end = begin + (long) (seconds * 1e9);
        long now = begin;
        while (now < end) {
            sink.commit(TENANT, 1);
            long done = System.nanoTime();
            Phase.record(acks, done - now);
            now = done;
        }
        return Phase.of(acks, 1, now - begin);
    }

    @Override
    public void close() throws Exception {
        sink.close();
    }
}
