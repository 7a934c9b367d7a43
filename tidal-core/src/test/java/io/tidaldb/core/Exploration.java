package io.tidaldb.core;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Looks at every state that a model can come to, or at those up to the first that is wrong.
 *
 * @param <S> the model
 */
public final class Exploration<S extends Exploration.State<S>> {

    /**
     * A state of a model. Immutable.
     *
     * @param <S> the model
     */
    public interface State<S> {

        /** Returns what tells this state from others. */
        Object fingerprint();

        /** Hands over every state that can come next; returns whether one of the steps there is no fault. */
        boolean next(Consumer<S> states);

        /** Returns what is wrong, or null. */
        @Nullable
        String violation();

        /** Returns what is wrong where nothing can go on without a fault, or null. */
        @Nullable
        String violationAtRest();

        /** Returns how it came to this. */
        List<String> steps();
    }

    private final Set<Object> seen = new HashSet<>();
    private final Deque<S> open = new ArrayDeque<>();
    private long transitions;
    private long ends;
    private @Nullable String wrong;
    private @Nullable S where;

    private Exploration() {}

    /** Explores what can come of a state. */
    public static <S extends State<S>> Exploration<S> of(S first) {
        Exploration<S> exploration = new Exploration<>();
        exploration.add(first);
        exploration.run();
        return exploration;
    }

    private void run() {
        while (wrong == null && !open.isEmpty()) {
            S state = open.pop();
            if (!state.next(this::add)) {
                ends++;
                found(state.violationAtRest(), state);
            }
        }
    }

    private void add(S state) {
        transitions++;
        if (wrong == null && seen.add(state.fingerprint())) {
            found(state.violation(), state);
            open.push(state);
        }
    }

    private void found(@Nullable String violation, S state) {
        if (violation != null) {
            wrong = violation;
            where = state;
        }
    }

    /** Returns what is wrong, or null. */
    public @Nullable String wrong() {
        return wrong;
    }

    /** Returns in how many states nothing could go on without a fault. */
    public long ends() {
        return ends;
    }

    @Override
    public String toString() {
        return "states=" + seen.size() + " transitions=" + transitions + " ends=" + ends
                + (where == null ? "" : " wrong: " + wrong + "\n  " + String.join("\n  ", where.steps()));
    }
}
