package io.tidaldb.it;

import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.control.ControlSnapshot;
import io.tidaldb.core.control.ClusterCommand;
import io.tidaldb.core.control.Commands;
import io.tidaldb.core.control.MigrationState;
import java.util.List;
import java.util.concurrent.CompletionStage;

/**
 * A control log on whose node the process ends, as {@code kill -9} ends it, at a step of a migration: before this node proposes it or hears
 * that it is agreed, whichever comes first, or right after it has heard.
 */
final class HaltingControlLog extends ForwardingControlLog {

    static final int HALTED = 137;

    private final Step at;

    private HaltingControlLog(ControlLog log, Step at) {
        super(log);
        this.at = at;
    }

    /** A step as in {@code MIGRATION:CUTOVER:before}. */
    record Step(MigrationState state, boolean before) {

        static Step parse(String text) {
            String[] words = text.split(":", -1);
            if (words.length != 3
                    || !words[0].equals("MIGRATION")
                    || !List.of("before", "after").contains(words[2])) {
                throw new IllegalArgumentException(
                        "step " + text + ": expected MIGRATION:<state>:before or MIGRATION:<state>:after");
            }
            return new Step(MigrationState.valueOf(words[1]), words[2].equals("before"));
        }

        private boolean isIn(byte[] command) {
            return Commands.of(command, ClusterCommand.OfMigration.class)
                    .filter(this::leadsThere)
                    .isPresent();
        }

        private boolean leadsThere(ClusterCommand.OfMigration command) {
            return switch (state) {
                case PREPARING -> command instanceof ClusterCommand.StartMigration;
                case DRAINING -> command instanceof ClusterCommand.CutOver;
                case COMPLETE, ABORTED -> command instanceof ClusterCommand.ReplicasErased;
                default -> command instanceof ClusterCommand.StepMigration step && step.next() == state;
            };
        }
    }

    /** Returns a factory of logs that halt. */
    static ControlLogFactory of(ControlLogFactory factory, Step at) {
        return before(factory, log -> new HaltingControlLog(log, at));
    }

    private void haltIf(boolean before, byte[] command) {
        if (at.before == before && at.isIn(command)) {
            Runtime.getRuntime().halt(HALTED);
        }
    }

    @Override
    public CompletionStage<Long> propose(byte[] command) {
        haltIf(true, command);
        return super.propose(command);
    }

    @Override
    public void watch(ControlListener listener) {
        super.watch(new ControlListener() {
            @Override
            public void snapshot(ControlSnapshot snapshot) {
                listener.snapshot(snapshot);
            }

            @Override
            public void committed(ControlEntry entry) {
                haltIf(true, entry.command());
                listener.committed(entry);
                haltIf(false, entry.command());
            }
        });
    }
}
