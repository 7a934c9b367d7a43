package io.tidaldb.core.control;

import io.tidaldb.api.control.ControlEntry;
import io.tidaldb.api.control.ControlSnapshot;
import java.util.List;

/** For an instance that lives in memory only. */
final class NoControlStorage implements ControlStorage {

    @Override
    public Recovered recovered() {
        return new Recovered(null, List.of());
    }

    @Override
    public void append(ControlEntry entry) {}

    @Override
    public void compact(ControlSnapshot snapshot) {}

    @Override
    public void close() {}
}
