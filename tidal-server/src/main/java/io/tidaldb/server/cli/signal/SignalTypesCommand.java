package io.tidaldb.server.cli.signal;

import io.tidaldb.server.cli.ExitCodes;
import io.tidaldb.server.cli.backend.Backend;
import io.tidaldb.server.cli.backend.StoreCommand;
import picocli.CommandLine.Command;

@Command(name = "types", description = "Lists the declared types of signal.")
final class SignalTypesCommand extends StoreCommand {

    @Override
    protected int run(Backend backend) {
        output().result(backend.signals());
        return ExitCodes.DONE;
    }
}
