package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import java.nio.file.Path;
import java.util.List;

/** Makes control logs for a node that decides alone: durable in a directory, or kept nowhere without one. */
public final class LocalControlLogFactory implements ControlLogFactory {

    /** For the service loader. */
    public LocalControlLogFactory() {}

    @Override
    public String name() {
        return "local";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public ControlLog create(ControlLogContext context) {
        if (!context.members().equals(List.of(context.node()))) {
            throw new TidalException(
                    ErrorCode.UNSUPPORTED,
                    "control log \"local\" can't serve the members " + context.members() + ": expected only "
                            + context.node());
        }
        Path directory = context.directory();
        ControlStorage storage = directory == null ? new NoControlStorage() : FileControlStorage.open(directory);
        return new LocalControlLog(context.node(), storage);
    }
}
