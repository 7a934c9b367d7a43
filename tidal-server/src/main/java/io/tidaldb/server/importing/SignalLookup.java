package io.tidaldb.server.importing;

import io.tidaldb.core.SignalType;
import io.tidaldb.core.Tidal;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Knows the declared signal types, and declares missing ones if it may. Not thread-safe. */
public final class SignalLookup {

    private final Tidal tidal;
    private final @Nullable Duration halfLife;
    private final Set<String> known = new HashSet<>();

    /** @param halfLife of types that are created, or null if none is */
    public SignalLookup(Tidal tidal, @Nullable Duration halfLife) {
        this.tidal = tidal;
        this.halfLife = halfLife;
        tidal.signals().stream().map(SignalType::name).forEach(known::add);
    }

    /** Returns whether signals of this type can be recorded. */
    public boolean has(String name) {
        if (known.contains(name)) {
            return true;
        }
        if (halfLife == null) {
            return false;
        }
        tidal.declareSignal(name, halfLife);
        return known.add(name);
    }

    /** Returns the names, for messages. */
    String names() {
        return known.isEmpty()
                ? "none"
                : String.join(", ", known.stream().sorted().toList());
    }
}
