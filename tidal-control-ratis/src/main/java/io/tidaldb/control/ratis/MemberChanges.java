package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.TidalException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Function;
import java.util.stream.Stream;
import org.apache.ratis.protocol.RaftClientReply;
import org.apache.ratis.protocol.SetConfigurationRequest;
import org.apache.ratis.protocol.exceptions.ReconfigurationInProgressException;
import org.apache.ratis.protocol.exceptions.ReconfigurationTimeoutException;
import org.apache.ratis.protocol.exceptions.SetConfigurationException;
import org.jspecify.annotations.Nullable;

/** Changes of the group's members: one at a time. Confined to the executor's thread. */
final class MemberChanges {

    /** Long enough for a newcomer to get a snapshot of the largest size. */
    private static final long DEADLINE_MILLIS = 20_000;

    private final ControlExecutor executor;
    private final BooleanSupplier leads;
    private final Function<SetConfigurationRequest.Arguments, CompletableFuture<RaftClientReply>> ratis;
    private @Nullable CompletableFuture<Void> open;
    private volatile @Nullable TidalException failure;

    MemberChanges(
            ControlExecutor executor,
            BooleanSupplier leads,
            Function<SetConfigurationRequest.Arguments, CompletableFuture<RaftClientReply>> ratis) {
        this.executor = executor;
        this.leads = leads;
        this.ratis = ratis;
    }

    CompletionStage<Void> begin(List<NodeId> voters, List<NodeId> followers) {
        List<NodeId> all = Stream.concat(voters.stream(), followers.stream()).toList();
        if (voters.isEmpty()
                || voters.size() > RatisControlLogFactory.MAX_MEMBERS
                || new HashSet<>(all).size() != all.size()) {
            throw TidalException.invalid("the voters " + voters + " and followers " + followers
                    + " are no members of a control log: expected 1 to " + RatisControlLogFactory.MAX_MEMBERS
                    + " voters, and nobody twice");
        }
        CompletableFuture<Void> stage = new CompletableFuture<>();
        if (!executor.execute(() -> begin(RaftGroupMember.arguments(voters, followers), stage))) {
            stage.completeExceptionally(Objects.requireNonNull(failure));
        }
        return stage;
    }

    /** Fails what is open, and everything later. */
    void fail(TidalException reason) {
        failure = reason;
        executor.execute(() -> {
            CompletableFuture<Void> waiting = open;
            if (waiting != null) {
                waiting.completeExceptionally(uncertain("the log was closed"));
            }
        });
    }

    private void begin(SetConfigurationRequest.Arguments members, CompletableFuture<Void> stage) {
        TidalException broken = failure;
        if (broken != null) {
            stage.completeExceptionally(broken);
        } else if (open != null) {
            stage.completeExceptionally(underWay());
        } else if (!leads.getAsBoolean()) {
            stage.completeExceptionally(
                    new TidalException(ErrorCode.NOT_OWNER, "this node does not decide: ask the one that does"));
        } else {
            open = stage;
            Future<?> expiry = executor.schedule(
                    () -> stage.completeExceptionally(uncertain("it was not agreed within " + DEADLINE_MILLIS + " ms")),
                    DEADLINE_MILLIS);
            var unused = ratis.apply(members)
                    .whenComplete((reply, thrown) -> executor.execute(() -> {
                        if (expiry != null) {
                            expiry.cancel(false);
                        }
                        open = null;
                        answer(stage, reply == null ? thrown : reply.getException());
                    }));
        }
    }

    private static void answer(CompletableFuture<Void> stage, @Nullable Throwable thrown) {
        Throwable cause = thrown instanceof CompletionException ? thrown.getCause() : thrown;
        if (cause == null) {
            stage.complete(null);
        } else if (cause instanceof ReconfigurationInProgressException) {
            stage.completeExceptionally(underWay());
        } else if (cause instanceof ReconfigurationTimeoutException) {
            stage.completeExceptionally(new TidalException(
                    ErrorCode.NOT_CAUGHT_UP,
                    "the control log's members stay as they are, since a new one can't be reached: start it, then try again",
                    cause));
        } else if (cause instanceof SetConfigurationException) {
            stage.completeExceptionally(new TidalException(
                    ErrorCode.INVALID_ARGUMENT,
                    "the control log's members can't be changed: " + cause.getMessage(),
                    cause));
        } else {
            stage.completeExceptionally(uncertain(String.valueOf(cause.getMessage())));
        }
    }

    private static TidalException underWay() {
        return new TidalException(
                ErrorCode.OVERLOADED, "another change of the control log's members is under way: try again later");
    }

    private static TidalException uncertain(String why) {
        return new TidalException(
                ErrorCode.DEADLINE_EXCEEDED,
                "a change of the control log's members may still be agreed: " + why
                        + "; look at the members before you try again");
    }
}
