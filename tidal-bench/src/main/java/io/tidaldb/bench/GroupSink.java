package io.tidaldb.bench;

/** Where a group of records goes: the contender. Used by one thread at a time. */
interface GroupSink extends AutoCloseable {

    /**
     * Writes the records and returns when all are durable.
     *
     * @param tenants the tenant's index of each record
     * @param count how many entries of the array count
     */
    void commit(int[] tenants, int count) throws Exception;

    @Override
    void close() throws Exception;
}
