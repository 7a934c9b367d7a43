package io.tidaldb.core.ingest;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.TidalException;
import io.tidaldb.core.control.SchemaEntry;
import io.tidaldb.core.ledger.DecayTable;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The declared signal types as of now. Replaced as a whole when one is added; safe for any number of threads. */
public final class Schema implements DecayTable {

    private volatile List<SchemaEntry> entries = List.of();
    private volatile Map<String, SchemaEntry> byName = new TreeMap<>();

    /** Replaces the entries; the new list begins with the old one. */
    public void update(List<SchemaEntry> next) {
        Map<String, SchemaEntry> names = new TreeMap<>();
        next.forEach(entry -> names.put(entry.name(), entry));
        byName = names;
        entries = List.copyOf(next);
    }

    /** Returns the entries in order of index. */
    public List<SchemaEntry> entries() {
        return entries;
    }

    /**
     * Returns the index of a type.
     *
     * @throws TidalException UNKNOWN_SIGNAL, listing the types that exist
     */
    public int index(String name) {
        SchemaEntry entry = byName.get(name);
        if (entry == null) {
            throw new TidalException(
                    ErrorCode.UNKNOWN_SIGNAL,
                    "signal type \"" + name + "\" is not declared: expected one of " + byName.keySet()
                            + ", or declare it first");
        }
        return entry.index();
    }

    /** Returns an entry, or null if the index is not in use. */
    public @Nullable SchemaEntry entry(int index) {
        List<SchemaEntry> current = entries;
        return index < current.size() ? current.get(index) : null;
    }

    @Override
    public double halfLifeNanos(int signal) {
        SchemaEntry entry = entry(signal);
        if (entry == null) {
            throw new TidalException(
                    ErrorCode.UNKNOWN_SIGNAL,
                    "a log uses signal type " + signal
                            + ", which is not declared: declare the types that it was written with, in order");
        }
        return entry.halfLifeNanos();
    }
}
