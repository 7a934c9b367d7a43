package io.tidaldb.control.ratis;

import io.tidaldb.api.control.ControlLogContext;
import org.apache.ratis.conf.Parameters;
import org.apache.ratis.rpc.RpcFactory;
import org.apache.ratis.rpc.RpcType;
import org.apache.ratis.server.RaftServer;
import org.apache.ratis.server.RaftServerRpc;
import org.apache.ratis.server.ServerFactory;
import org.apache.ratis.server.leader.FollowerInfo;
import org.apache.ratis.server.leader.LeaderState;
import org.apache.ratis.server.leader.LogAppender;
import org.apache.ratis.util.ReflectionUtils;

/** Tells Ratis how to reach the other members. Ratis makes it by the name of its class. */
final class MemberRpcType implements RpcType {

    private static final String CONTEXT = "tidal.context";
    private static final String SUBMITTER = "tidal.submitter";
    private static final String FOLLOWERS = "tidal.followers";
    private static final String VOTES = "tidal.votes";

    /** For Ratis. */
    MemberRpcType() {}

    /**
     * Makes the class known to Ratis under its name. Ratis would look for it by the class loader that was the context's when it was first
     * used, which need not see a plugin's classes.
     */
    static void register() throws ClassNotFoundException {
        Class<?> found =
                ReflectionUtils.getClassByName(MemberRpcType.class.getName(), MemberRpcType.class.getClassLoader());
        if (found != MemberRpcType.class) {
            throw new ClassNotFoundException(found + " of " + found.getClassLoader() + " took this one's place");
        }
    }

    static Parameters parameters(ControlLogContext context, Submitter submitter, Followers followers, Votes votes) {
        Parameters parameters = new Parameters();
        parameters.put(CONTEXT, context, ControlLogContext.class);
        parameters.put(SUBMITTER, submitter, Submitter.class);
        parameters.put(FOLLOWERS, followers, Followers.class);
        parameters.put(VOTES, votes, Votes.class);
        return parameters;
    }

    @Override
    public String name() {
        return "TIDAL";
    }

    @Override
    public RpcFactory newFactory(Parameters parameters) {
        return new Factory(
                this,
                parameters.getNonNull(CONTEXT, ControlLogContext.class),
                parameters.getNonNull(SUBMITTER, Submitter.class),
                parameters.getNonNull(FOLLOWERS, Followers.class),
                parameters.getNonNull(VOTES, Votes.class));
    }

    private record Factory(
            RpcType type, ControlLogContext context, Submitter submitter, Followers followers, Votes votes)
            implements ServerFactory {

        @Override
        public RpcType getRpcType() {
            return type;
        }

        @Override
        public LogAppender newLogAppender(RaftServer.Division server, LeaderState leader, FollowerInfo follower) {
            LogAppender appender = LogAppender.newLogAppenderDefault(server, leader, follower);
            followers.follows(follower.getId(), appender);
            return appender;
        }

        @Override
        public RaftServerRpc newRaftServerRpc(RaftServer server) {
            return new MemberRpc(type, server, context, submitter, votes);
        }
    }
}
