package io.tidaldb.bench;

/** Records of many tenants, grouped by {@link GroupCommit} and made durable by a sink. */
final class SinkContender implements Contender {

    private final GroupSink sink;
    private final int writers;
    private final int window;
    private final int tenants;

    SinkContender(GroupSink sink, int writers, int window, int tenants) throws Exception {
        this.sink = sink;
        this.writers = writers;
        this.window = window;
        this.tenants = tenants;
        // The first commits create files and directories; users see that once, not at every write.
        int[] group = new int[Math.min(tenants, writers * window)];
        for (int first = 0; first < tenants; first += group.length) {
            int count = Math.min(group.length, tenants - first);
            for (int i = 0; i < count; i++) {
                group[i] = first + i;
            }
            sink.commit(group, count);
        }
    }

    @Override
    public Phase run(double seconds) throws Exception {
        return new GroupCommit(sink, writers, window).run(tenants, 1, seconds);
    }

    @Override
    public void close() throws Exception {
        sink.close();
    }
}
