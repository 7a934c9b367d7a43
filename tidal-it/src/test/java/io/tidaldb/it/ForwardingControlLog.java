package io.tidaldb.it;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.api.control.ControlSnapshot;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletionStage;
import java.util.function.UnaryOperator;

/** A control log that does what another one does, but for what is overridden. */
class ForwardingControlLog implements ControlLog {

    private final ControlLog log;

    ForwardingControlLog(ControlLog log) {
        this.log = log;
    }

    /** Returns a factory of logs that stand before those of another one. */
    static ControlLogFactory before(ControlLogFactory factory, UnaryOperator<ControlLog> forwarding) {
        return new ControlLogFactory() {
            @Override
            public String name() {
                return factory.name();
            }

            @Override
            public int spiVersion() {
                return factory.spiVersion();
            }

            @Override
            public ControlLog create(ControlLogContext context) {
                return forwarding.apply(factory.create(context));
            }
        };
    }

    @Override
    public CompletionStage<Long> propose(byte[] command) {
        return log.propose(command);
    }

    @Override
    public void watch(ControlListener listener) {
        log.watch(listener);
    }

    @Override
    public CompletionStage<Long> read() {
        return log.read();
    }

    @Override
    public void compact(ControlSnapshot snapshot) {
        log.compact(snapshot);
    }

    @Override
    public List<NodeId> members() {
        return log.members();
    }

    @Override
    public List<NodeId> followers() {
        return log.followers();
    }

    @Override
    public CompletionStage<Void> changeMembers(List<NodeId> voters, List<NodeId> followers) {
        return log.changeMembers(voters, followers);
    }

    @Override
    public Optional<NodeId> leader() {
        return log.leader();
    }

    @Override
    public ControlPosition position() {
        return log.position();
    }

    @Override
    public void close() {
        log.close();
    }
}
