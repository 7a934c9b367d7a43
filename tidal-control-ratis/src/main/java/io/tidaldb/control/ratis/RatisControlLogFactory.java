package io.tidaldb.control.ratis;

import io.tidaldb.api.ErrorCode;
import io.tidaldb.api.Spi;
import io.tidaldb.api.TidalException;
import io.tidaldb.api.control.ControlLog;
import io.tidaldb.api.control.ControlLogContext;
import io.tidaldb.api.control.ControlLogFactory;
import io.tidaldb.api.control.ControlNetwork;
import java.nio.file.Path;
import java.util.HashSet;

/** Makes control logs on which several nodes agree with Raft; each keeps its copy in its directory. */
public final class RatisControlLogFactory implements ControlLogFactory {

    /** More make every decision slower and none safer. */
    static final int MAX_MEMBERS = 9;

    /** For the service loader. */
    public RatisControlLogFactory() {}

    @Override
    public String name() {
        return "ratis";
    }

    @Override
    public int spiVersion() {
        return Spi.VERSION;
    }

    @Override
    public ControlLog create(ControlLogContext context) {
        Path directory = context.directory();
        if (directory == null) {
            throw unsupported("without a directory: it must remember what it has acknowledged");
        }
        int members = context.members().size();
        if (members < 1 || members > MAX_MEMBERS || new HashSet<>(context.members()).size() != members) {
            throw unsupported(
                    "for the members " + context.members() + ": expected 1 to " + MAX_MEMBERS + " different nodes");
        }
        ControlNetwork network = context.network();
        boolean alone = members == 1 && context.members().contains(context.node());
        if (network == null ? !alone : network.maxMessageBytes() < 2 * ControlLog.MAX_COMMAND_BYTES) {
            throw unsupported("for " + members + " members over "
                    + (network == null ? "no network" : "messages of " + network.maxMessageBytes() + " bytes")
                    + ": expected messages of " + 2 * ControlLog.MAX_COMMAND_BYTES + " bytes or more");
        }
        return RatisControlLog.open(context, directory);
    }

    private static TidalException unsupported(String why) {
        return new TidalException(ErrorCode.UNSUPPORTED, "control log \"ratis\" can't be opened " + why);
    }
}
