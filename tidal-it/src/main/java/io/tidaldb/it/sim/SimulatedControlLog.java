package io.tidaldb.it.sim;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Scheduler;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlListener;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlPosition;
import io.tidaldb.api.control.ControlSnapshot;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A member of the log that {@link SimulatedControl} keeps. Confined to the world's thread. */
final class SimulatedControlLog implements ControlLog {

    private static final Duration DEADLINE = Duration.ofSeconds(5);
    private static final Duration RETRY = Duration.ofMillis(20);
    private static final int MAX_WAITING = 4096;

    private final SimulatedControl control;
    private final ControlLogContext context;
    private final Scheduler scheduler;
    private final Set<Wait> waits = new LinkedHashSet<>();
    private @Nullable ControlListener listener;
    private long received;
    private boolean closed;
    private boolean handing;

    SimulatedControlLog(SimulatedControl control, ControlLogContext context) {
        this.control = control;
        this.context = context;
        this.scheduler = control.scheduler(context.node());
    }

    /** Somebody who waits until the listener has received an entry; which one is known once it is agreed. */
    private static final class Wait {

        final CompletableFuture<Long> stage = new CompletableFuture<>();
        long index = Long.MAX_VALUE;
        boolean changes = true;

        /** Whether it may have been agreed, or may still be, though nobody knows the index. */
        boolean lost;

        boolean isUncertain() {
            return changes && (lost || index != Long.MAX_VALUE);
        }
    }

    NodeId node() {
        return context.node();
    }

    @Override
    public CompletionStage<Long> propose(byte[] command) {
        checkOpen();
        if (command.length == 0 || command.length > MAX_COMMAND_BYTES) {
            throw TidalException.invalid("command of " + command.length + " bytes is out of range: expected 1 to "
                    + MAX_COMMAND_BYTES + " bytes");
        }
        if (waits.size() >= MAX_WAITING) {
            return overloaded();
        }
        byte[] copy = command.clone();
        control.proposed(copy);
        Wait wait = begin();
        scheduler.schedule(control.draw(control.faults().commit()), () -> commit(wait, copy));
        return wait.stage;
    }

    @Override
    public CompletionStage<Long> read() {
        checkOpen();
        if (waits.size() >= MAX_WAITING) {
            return overloaded();
        }
        Wait wait = begin();
        wait.changes = false;
        scheduler.schedule(control.draw(control.faults().commit()), () -> look(wait));
        return wait.stage;
    }

    @Override
    public void watch(ControlListener receiver) {
        checkOpen();
        if (listener != null) {
            throw TidalException.invalid("control log is watched already: expected one listener");
        }
        listener = receiver;
        ControlSnapshot snapshot = control.snapshot(node());
        if (snapshot != null) {
            receiver.snapshot(snapshot);
            received = snapshot.index();
        }
        // How far it is agreed need not be on disk: a crash may leave any of it to be heard again.
        long forgotten = control.random().chance(control.faults().snapshots())
                ? control.random().below(4)
                : 0;
        handOver(control.known(node()) - forgotten);
        scheduler.schedule(control.draw(control.faults().delivery()), () -> hear(control.agreed()));
    }

    @Override
    public void compact(ControlSnapshot snapshot) {
        checkOpen();
        if (snapshot.index() < 1 || snapshot.index() > received) {
            throw TidalException.invalid("snapshot at index " + snapshot.index()
                    + " is out of range: expected an index that the listener has received, 1 to " + received);
        }
        control.store(
                node(), new ControlSnapshot(snapshot.index(), snapshot.state().clone()));
    }

    @Override
    public List<NodeId> members() {
        return control.members();
    }

    @Override
    public List<NodeId> followers() {
        return control.followers();
    }

    @Override
    public CompletionStage<Void> changeMembers(List<NodeId> voters, List<NodeId> followers) {
        checkOpen();
        if (voters.isEmpty()) {
            throw TidalException.invalid("control log can't be without voters: expected at least one");
        }
        Wait wait = begin();
        scheduler.schedule(control.draw(control.faults().commit()), () -> change(wait, voters, followers));
        return wait.stage.thenApply(done -> null);
    }

    private void change(Wait wait, List<NodeId> voters, List<NodeId> followers) {
        if (!waits.contains(wait)) {
            return;
        }
        TidalException refusal = control.change(node(), voters, followers);
        if (refusal != null) {
            end(wait, refusal);
        } else if (control.random().chance(control.faults().lostAnswers())) {
            wait.lost = true;
        } else if (waits.remove(wait)) {
            wait.stage.complete(control.agreed());
        }
    }

    @Override
    public Optional<NodeId> leader() {
        return closed ? Optional.empty() : control.leaderSeenBy(node());
    }

    /** Is as good as closed from now on, and says why. */
    void fail() {
        ControlListener told = listener;
        close();
        if (told != null) {
            told.failed(new TidalException(
                    ErrorCode.STORE_FAILED,
                    "the control log can't be written, as a test has asked for: open it again"));
        }
    }

    @Override
    public ControlPosition position() {
        return new ControlPosition(0, received);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            control.closed(node(), this);
            for (Wait wait : new ArrayList<>(waits)) {
                end(wait, wait.isUncertain() ? uncertain() : closedRefusal());
            }
        }
    }

    /** Receives what is agreed, if it can be heard here. */
    void hear(long upTo) {
        if (closed || listener == null || handing || !control.reaches(node())) {
            return;
        }
        ControlSnapshot snapshot = upTo > received + 1 ? control.snapshotFor(received) : null;
        if (snapshot != null) {
            control.store(node(), snapshot);
            listener.snapshot(snapshot);
            received = snapshot.index();
            control.know(node(), received);
        }
        handOver(upTo);
    }

    private void handOver(long upTo) {
        ControlListener receiver = listener;
        handing = true;
        try {
            while (receiver != null && !closed && received < upTo) {
                received++;
                control.know(node(), received);
                receiver.committed(
                        new ControlEntry(received, control.entry(received).clone()));
            }
        } finally {
            handing = false;
        }
        for (Wait wait : new ArrayList<>(waits)) {
            if (wait.index <= received && waits.remove(wait)) {
                wait.stage.complete(wait.index);
            }
        }
    }

    private void commit(Wait wait, byte[] command) {
        if (!waits.contains(wait)) {
            return;
        } else if (!control.decides(node())) {
            scheduler.schedule(RETRY, () -> commit(wait, command));
        } else if (control.random().chance(control.faults().lostAnswers())) {
            wait.lost = true;
            if (control.random().chance(SimulatedRandom.MILLION / 2)) {
                // As a leader does that has it in its log when the proposer is long gone.
                scheduler.schedule(control.draw(control.faults().election()), () -> {
                    if (control.decides(node())) {
                        control.append(command);
                    }
                });
            }
        } else {
            wait.index = control.append(command);
        }
    }

    private void look(Wait wait) {
        if (!waits.contains(wait)) {
            return;
        } else if (control.decides(node())) {
            wait.index = control.agreed();
            scheduler.schedule(control.draw(control.faults().delivery()), () -> hear(control.agreed()));
        } else {
            scheduler.schedule(RETRY, () -> look(wait));
        }
    }

    private Wait begin() {
        Wait wait = new Wait();
        waits.add(wait);
        scheduler.schedule(
                DEADLINE,
                () -> end(
                        wait,
                        wait.isUncertain()
                                ? uncertain()
                                : new TidalException(
                                        ErrorCode.NOT_OWNER, "nobody has decided for " + DEADLINE + ": try again")));
        return wait;
    }

    private void end(Wait wait, TidalException reason) {
        if (waits.remove(wait)) {
            wait.stage.completeExceptionally(reason);
        }
    }

    private void checkOpen() {
        if (closed) {
            throw closedRefusal();
        }
    }

    private static CompletionStage<Long> overloaded() {
        return CompletableFuture.failedFuture(new TidalException(
                ErrorCode.OVERLOADED, "control log has " + MAX_WAITING + " calls waiting: try again later"));
    }

    private static TidalException uncertain() {
        return new TidalException(
                ErrorCode.DEADLINE_EXCEEDED, "a command was proposed and may still be agreed: look at the state first");
    }

    private static TidalException closedRefusal() {
        return new TidalException(ErrorCode.CLOSED, "control log is closed: open it again");
    }
}
