package io.tidaldb.it.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.tidaldb.api.NodeId;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.testkit.ControlLogGroupContract;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.function.BooleanSupplier;

class SimulatedControlLogContractTest extends ControlLogGroupContract {

    private static final Duration PATIENCE = Duration.ofMinutes(1);

    private final SimulatedWorld world = new SimulatedWorld(11, Trace.off());
    private final SimulatedControl control = new SimulatedControl(world);

    /** A single member's log is core's own, in which nothing takes virtual time. */
    private boolean group;

    @Override
    protected ControlLogFactory factory() {
        return control.logs();
    }

    @Override
    protected ControlLogContext context(Path directory, NodeId member) {
        group = true;
        return new ControlLogContext(directory, member, MEMBERS);
    }

    @Override
    protected void isolate(NodeId member) {
        control.isolate(member);
    }

    @Override
    protected void heal() {
        control.heal();
    }

    @Override
    protected <T> T await(CompletionStage<T> stage) throws InterruptedException, ExecutionException, TimeoutException {
        if (group) {
            world.runUntil(() -> stage.toCompletableFuture().isDone(), PATIENCE);
        }
        return super.await(stage);
    }

    @Override
    protected void awaitUntil(BooleanSupplier condition) {
        assertThat(world.runUntil(condition, PATIENCE)).isTrue();
    }
}
