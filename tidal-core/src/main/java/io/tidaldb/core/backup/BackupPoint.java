package io.tidaldb.core.backup;

import io.tidaldb.api.Origin;
import io.tidaldb.api.TidalException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * How far a backup goes: what the next one continues. Prints the logs with commas between them, nothing for none.
 *
 * @param logs ordered, without repeats
 */
public record BackupPoint(List<BackedUpLog> logs) {

    /** Before everything. */
    public static final BackupPoint NOTHING = new BackupPoint(List.of());

    private static final int MAX_LOGS = 65_536;

    /** Orders and copies. */
    public BackupPoint {
        logs = logs.stream().sorted().toList();
    }

    /**
     * Reads the printed form.
     *
     * @throws TidalException INVALID_ARGUMENT if the text has another form
     */
    public static BackupPoint parse(String text) {
        if (text.isEmpty()) {
            return NOTHING;
        }
        String[] parts = text.split(",", MAX_LOGS + 1);
        if (parts.length > MAX_LOGS) {
            throw TidalException.invalid("a backup's point has too many logs: expected at most " + MAX_LOGS);
        }
        List<BackedUpLog> logs = new ArrayList<>();
        for (String part : parts) {
            logs.add(BackedUpLog.parse(part));
        }
        return new BackupPoint(logs);
    }

    /** Returns how far it goes in one log. */
    public Optional<BackedUpLog> log(int slot, Origin origin) {
        return logs.stream()
                .filter(each -> each.slot() == slot && each.origin().equals(origin))
                .findFirst();
    }

    @Override
    public String toString() {
        return logs.stream().map(BackedUpLog::toString).collect(Collectors.joining(","));
    }
}
