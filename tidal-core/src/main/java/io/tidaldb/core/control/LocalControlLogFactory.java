package io.tidaldb.core.control;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.control.ControlPosition;
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
        if (directory == null) {
            return new LocalControlLog(context.node(), new NoControlStorage());
        }
        FileControlStorage storage = FileControlStorage.open(directory);
        try {
            context.checkReached(new ControlPosition(0, storage.lastIndex()));
        } catch (TidalException e) {
            storage.close();
            throw e;
        }
        return new LocalControlLog(context.node(), storage);
    }
}
