package io.tidaldb.server.metrics;

import io.tidaldb.core.TenantUsage;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;

/**
 * What tenants use, as Prometheus text of bounded size: those that do most by number, all others together. Written here and not by a
 * registry, for which a tenant would be a meter that stays.
 */
public final class TenantMetrics {

    /** How many tenants are named. */
    public static final int NAMED = 10;

    private TenantMetrics() {}

    /**
     * A tenant, or several that go by one name.
     *
     * @param tenant its number, or {@code other}
     */
    public record Row(String tenant, TenantUsage usage) {}

    /** Returns the text; one line for each row and figure. */
    public static String of(List<Row> rows) {
        StringBuilder text = new StringBuilder();
        family(
                text,
                "tidal_tenant_signals_rate",
                "Signals a second, moving average",
                rows,
                row -> decimal(row.signalsPerSecond()));
        family(text, "tidal_tenant_signals_accepted", "Signals acknowledged", rows, row -> whole(row.accepted()));
        family(
                text,
                "tidal_tenant_signals_throttled",
                "Signals refused by rate limits",
                rows,
                row -> whole(row.throttled()));
        family(text, "tidal_tenant_entities", "Distinct entities", rows, row -> whole(row.entities()));
        family(text, "tidal_tenant_storage_bytes", "Logs and snapshots", rows, row -> whole(row.storageBytes()));
        return text.toString();
    }

    // Gauges: who is named changes, and a counter that comes and goes is none.
    private static void family(
            StringBuilder text, String name, String about, List<Row> rows, Function<TenantUsage, String> value) {
        text.append("# HELP " + name + " " + about + "\n# TYPE " + name + " gauge\n");
        rows.forEach(row -> text.append(name + "{tenant=\"" + row.tenant + "\"} " + value.apply(row.usage) + "\n"));
    }

    private static String decimal(double value) {
        return String.format(Locale.ROOT, "%.3f", value);
    }

    private static String whole(long value) {
        return Long.toString(value);
    }
}
