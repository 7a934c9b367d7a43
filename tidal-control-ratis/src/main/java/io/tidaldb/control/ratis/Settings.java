package io.tidaldb.control.ratis;

import io.tidaldb.api.control.ControlNetwork;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.apache.ratis.conf.RaftProperties;
import org.apache.ratis.server.RaftServerConfigKeys;
import org.apache.ratis.util.SizeInBytes;
import org.apache.ratis.util.TimeDuration;
import org.jspecify.annotations.Nullable;

/** How Ratis is set up, and why. */
final class Settings {

    /**
     * A follower that hears nothing for a random time between these asks for votes; Ratis looks once per such time, so that a lost leader is
     * noticed after one to two of them. Heartbeats come at half of the lower bound, and a pre-vote keeps a member that was merely slow from
     * unseating a leader that others hear.
     */
    private static final int ELECTION_MIN_MILLIS = 300;

    private static final int ELECTION_MAX_MILLIS = 550;

    /** The first election after a start need not wait for anybody: a leader that others hear is not unseated. */
    private static final int FIRST_ELECTION_MIN_MILLIS = 50;

    private static final int FIRST_ELECTION_MAX_MILLIS = 200;

    /** A leader that has lost its majority stays out of elections for so long; also, after so long a pause of the JVM it steps down. */
    private static final int STEP_DOWN_MILLIS = 1000;

    /** Ratis would shut down for good after a pause of a minute; a machine that was suspended shall take part again. */
    private static final int CLOSE_AFTER_PAUSE_DAYS = 3650;

    /** How often an appender tries to reach a member that is away. */
    private static final int RETRY_MILLIS = 100;

    static final int READ_TIMEOUT_MILLIS = 5000;

    /** What a batch of entries leaves free in a message. */
    private static final int MESSAGE_OVERHEAD_BYTES = 64 << 10;

    private static final int MAX_BATCH_BYTES = 4 << 20;
    private static final int SNAPSHOT_CHUNK_BYTES = 256 << 10;

    /** Only whole segments can be dropped once a snapshot covers them. */
    private static final int SEGMENT_BYTES = 2 << 20;

    /**
     * More than a log that is compacted in time ever has, so nothing is evicted: closing waits, with the log's lock, for the thread that evicts
     * and may be waiting for that lock (Ratis 3.3.0, SegmentedRaftLog.close). Each term begins a segment, so their number is no bound.
     */
    private static final int CACHE_BYTES = 64 << 20;

    /** Zeros behind the last entry make one that a power cut tore look damaged instead of incomplete, so a file grows with its entries. */
    private static final int PREALLOCATED_BYTES = 0;

    /** Entries that wait for the disk, in number and bytes. */
    static final int QUEUE_ENTRIES = 4096;

    static final int QUEUE_BYTES = 32 << 20;

    private Settings() {}

    /** @param network null if there is only one member */
    static RaftProperties properties(Path directory, @Nullable ControlNetwork network) {
        RaftProperties properties = new RaftProperties();
        RaftServerConfigKeys.setStorageDir(
                properties, List.of(directory.toAbsolutePath().toFile()));
        properties.set("raft.rpc.type", MemberRpcType.class.getName());
        timing(properties);
        log(properties, network == null ? MAX_BATCH_BYTES : batchBytes(network.maxMessageBytes()));
        bounds(properties);
        return properties;
    }

    private static void timing(RaftProperties properties) {
        RaftServerConfigKeys.Rpc.setTimeoutMin(properties, millis(ELECTION_MIN_MILLIS));
        RaftServerConfigKeys.Rpc.setTimeoutMax(properties, millis(ELECTION_MAX_MILLIS));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMin(properties, millis(FIRST_ELECTION_MIN_MILLIS));
        RaftServerConfigKeys.Rpc.setFirstElectionTimeoutMax(properties, millis(FIRST_ELECTION_MAX_MILLIS));
        RaftServerConfigKeys.Rpc.setSleepTime(properties, millis(RETRY_MILLIS));
        RaftServerConfigKeys.LeaderElection.setLeaderStepDownWaitTime(properties, millis(STEP_DOWN_MILLIS));
        RaftServerConfigKeys.setCloseThreshold(properties, TimeDuration.valueOf(CLOSE_AFTER_PAUSE_DAYS, TimeUnit.DAYS));
        RaftServerConfigKeys.Read.setOption(properties, RaftServerConfigKeys.Read.Option.LINEARIZABLE);
        RaftServerConfigKeys.Read.setTimeout(properties, millis(READ_TIMEOUT_MILLIS));
    }

    private static void log(RaftProperties properties, int batchBytes) {
        RaftServerConfigKeys.Log.Appender.setBufferByteLimit(properties, SizeInBytes.valueOf(batchBytes));
        RaftServerConfigKeys.Log.setWriteBufferSize(
                properties, SizeInBytes.valueOf(batchBytes + MESSAGE_OVERHEAD_BYTES));
        RaftServerConfigKeys.Log.Appender.setSnapshotChunkSizeMax(
                properties, SizeInBytes.valueOf(SNAPSHOT_CHUNK_BYTES));
        // Composing, a member takes entries of the next leader for those of the former one at the same indexes, which
        // are waiting to be
        // added: it leaves them out and says that it has them (Ratis 3.3.0, NavigableIndices.alreadyExists compares no
        // terms).
        RaftServerConfigKeys.Log.setAppendEntriesComposeEnabled(properties, false);
        RaftServerConfigKeys.Log.setSegmentSizeMax(properties, SizeInBytes.valueOf(SEGMENT_BYTES));
        RaftServerConfigKeys.Log.setPreallocatedSize(properties, SizeInBytes.valueOf(PREALLOCATED_BYTES));
        RaftServerConfigKeys.Log.setSegmentCacheNumMax(properties, Integer.MAX_VALUE);
        RaftServerConfigKeys.Log.setSegmentCacheSizeMax(properties, SizeInBytes.valueOf(CACHE_BYTES));
        // Snapshots are taken, and the log is purged, when core says so.
        RaftServerConfigKeys.Log.setPurgeGap(properties, 1);
        RaftServerConfigKeys.Snapshot.setAutoTriggerEnabled(properties, false);
        RaftServerConfigKeys.Snapshot.setTriggerWhenStopEnabled(properties, false);
    }

    private static void bounds(RaftProperties properties) {
        RaftServerConfigKeys.Write.setElementLimit(properties, QUEUE_ENTRIES);
        RaftServerConfigKeys.Write.setByteLimit(properties, SizeInBytes.valueOf(QUEUE_BYTES));
        RaftServerConfigKeys.Log.setQueueElementLimit(properties, QUEUE_ENTRIES);
        RaftServerConfigKeys.Log.setQueueByteLimit(properties, SizeInBytes.valueOf(QUEUE_BYTES));
        // Ratis' own cache of what was applied: not relied upon, proposals carry names of their own.
        RaftServerConfigKeys.RetryCache.setExpiryTime(properties, millis(2 * READ_TIMEOUT_MILLIS));
    }

    private static int batchBytes(int messageBytes) {
        return Math.min(MAX_BATCH_BYTES, messageBytes - MESSAGE_OVERHEAD_BYTES);
    }

    private static TimeDuration millis(int millis) {
        return TimeDuration.valueOf(millis, TimeUnit.MILLISECONDS);
    }
}
