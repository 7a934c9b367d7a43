package io.tidaldb.control.ratis;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.ratis.protocol.RaftPeerId;
import org.apache.ratis.server.leader.LogAppender;

/**
 * Those that follow while this member leads. Ratis would tell them with the next entry or heartbeat that one is committed, which is up to half
 * an election's time later; until then nothing that was agreed is done there, and whoever proposed it there waits.
 *
 * <p>Safe for any number of threads.
 */
final class Followers {

    private final Map<RaftPeerId, LogAppender> appenders = new ConcurrentHashMap<>();

    /** Something goes to a follower from now on; what went there in an earlier term has ended. */
    void follows(RaftPeerId follower, LogAppender appender) {
        appenders.put(follower, appender);
    }

    /** Has all of them told at once what is committed by now. */
    void committed() {
        for (LogAppender each : appenders.values()) {
            if (each.isRunning()) {
                each.triggerHeartbeat();
            }
        }
    }
}
