package io.tidaldb.core.client;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.NodeId;
import io.tidaldb.api.Outcome;
import io.tidaldb.api.TenantId;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.remote.Answer;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The way to a tenant: remembers where it is, finds out anew when that has proven wrong, and tries again. Safe for any number of threads.
 */
final class Routing {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(5);
    private static final Duration LONGEST_PAUSE = Duration.ofMillis(100);

    private final Cluster cluster;
    private final TenantId tenant;

    // Guarded by this object's lock.
    private @Nullable Route known;
    private @Nullable CompletableFuture<Route> asked;
    /** How much the one must know who is asked next. */
    private long latest;

    Routing(Cluster cluster, TenantId tenant) {
        this.cluster = cluster;
        this.tenant = tenant;
    }

    TenantId tenant() {
        return tenant;
    }

    /** Something that is tried until it works out. */
    @FunctionalInterface
    interface Attempt<T> {

        /**
         * Tries once.
         *
         * @param number from 0
         * @param left until the deadline
         */
        CompletableFuture<T> at(Route route, int number, Duration left);
    }

    /**
     * Tries until the deadline.
     *
     * @param again whether to try again after a failure
     */
    <T> CompletableFuture<T> tried(Duration within, Predicate<TidalException> again, Attempt<T> attempt) {
        return new Trial<>(cluster.nowNanos() + nanos(within), again, attempt).next(0, null);
    }

    private static long nanos(Duration within) {
        Duration most = Duration.ofDays(365);
        return (within.compareTo(most) < 0 ? within : most).toNanos();
    }

    /** One thing that is tried. */
    private final class Trial<T> {

        private final long endNanos;
        private final Predicate<TidalException> again;
        private final Attempt<T> attempt;

        Trial(long endNanos, Predicate<TidalException> again, Attempt<T> attempt) {
            this.endNanos = endNanos;
            this.again = again;
            this.attempt = attempt;
        }

        /** Tries for the nth time, after it has failed before if n is not 0. */
        CompletableFuture<T> next(int number, @Nullable TidalException before) {
            Duration left = Duration.ofNanos(Math.max(1, endNanos - cluster.nowNanos()));
            return once(number, left).exceptionallyCompose(failure -> {
                TidalException now = Cluster.reason(failure);
                TidalException reason = worse(before, now);
                Duration pause = pause(number);
                boolean late = cluster.nowNanos() + pause.toNanos() - endNanos > 0;
                boolean hopeful = again.test(now) || number == 0 && isOutdated(now);
                return late || !cluster.isOpen() || !hopeful
                        ? CompletableFuture.failedFuture(reason)
                        : cluster.after(pause).thenCompose(nothing -> next(number + 1, reason));
            });
        }

        private CompletableFuture<T> once(int number, Duration left) {
            try {
                return route().thenCompose(route -> at(route, number, left).whenComplete((done, failure) -> {
                    if (failure != null && isLost(Cluster.reason(failure))) {
                        forget(route);
                    }
                }));
            } catch (TidalException e) {
                return CompletableFuture.failedFuture(e);
            }
        }

        private CompletableFuture<T> at(Route route, int number, Duration left) {
            try {
                return attempt.at(route, number, left);
            } catch (TidalException e) {
                return CompletableFuture.failedFuture(e);
            }
        }
    }

    // A signal may have been declared, or a tenant created again, since the way was found out.
    private static boolean isOutdated(TidalException reason) {
        return reason.code() == ErrorCode.UNKNOWN_SIGNAL || reason.code() == ErrorCode.TENANT_NOT_FOUND;
    }

    private static Duration pause(int number) {
        Duration pause = FIRST_PAUSE.multipliedBy(1L << Math.min(number, 10));
        return pause.compareTo(LONGEST_PAUSE) < 0 ? pause : LONGEST_PAUSE;
    }

    // What may have happened before may have happened whatever comes of the last attempt.
    private static TidalException worse(@Nullable TidalException before, TidalException now) {
        return before != null && before.outcome() != Outcome.NOT_APPLIED && now.outcome() == Outcome.NOT_APPLIED
                ? before
                : now;
    }

    private static boolean isLost(TidalException reason) {
        return switch (reason.code()) {
            case OVERLOADED, QUOTA_EXCEEDED, INVALID_ARGUMENT -> false;
            default -> true;
        };
    }

    /** Returns whether a failure may end without anybody doing anything about it. */
    static boolean passes(TidalException reason) {
        return switch (reason.code()) {
            case NOT_OWNER, CLOSED, PEER_UNAVAILABLE, DEADLINE_EXCEEDED, OVERLOADED, NOT_CAUGHT_UP -> true;
            default -> false;
        };
    }

    // Routes

    /** Has the way found out anew, unless somebody has done so already. */
    @SuppressWarnings("ReferenceEquality") // One that says the same but was found out later is not forgotten.
    synchronized void forget(Route wrong) {
        if (known == wrong) {
            known = null;
            latest = Math.max(latest, wrong.index());
        }
    }

    private synchronized CompletableFuture<Route> route() {
        Route current = known;
        CompletableFuture<Route> underWay = asked;
        if (current != null) {
            return CompletableFuture.completedFuture(current);
        } else if (underWay != null) {
            return underWay;
        }
        CompletableFuture<Route> finding = new CompletableFuture<>();
        asked = finding;
        found(finding);
        return finding;
    }

    @SuppressWarnings("FutureReturnValueIgnored") // Whatever comes of it completes the other one.
    private void found(CompletableFuture<Route> finding) {
        CompletableFuture<Answer.Route> said;
        try {
            said = cluster.route(tenant, latest);
        } catch (TidalException e) {
            said = CompletableFuture.failedFuture(e);
        }
        said.thenApply(this::agreed).whenComplete((route, failure) -> {
            synchronized (this) {
                asked = null;
                if (route != null) {
                    known = route;
                }
            }
            if (route != null) {
                finding.complete(route);
            } else if (failure != null) {
                finding.completeExceptionally(Cluster.reason(failure));
            }
        });
    }

    private Route agreed(Answer.Route said) {
        if (said.slots().isEmpty()) {
            throw new TidalException(ErrorCode.INTERNAL, "a node says that tenant " + tenant + " has no slots");
        }
        Map<NodeId, String> nodes = new TreeMap<>();
        said.nodes().forEach((node, address) -> nodes.put(NodeId.of(node), address));
        cluster.follow(nodes);
        return Route.of(said);
    }
}
