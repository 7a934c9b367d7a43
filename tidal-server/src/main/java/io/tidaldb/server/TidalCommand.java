package io.tidaldb.server;

import io.tidaldb.server.cli.CommonOptions;
import io.tidaldb.server.cli.ErrorReport;
import io.tidaldb.server.cli.VersionText;
import io.tidaldb.server.cli.audit.AuditCommand;
import io.tidaldb.server.cli.cluster.ClusterCommand;
import io.tidaldb.server.cli.completion.CompletionCommand;
import io.tidaldb.server.cli.debug.DebugCommand;
import io.tidaldb.server.cli.doctor.DoctorCommand;
import io.tidaldb.server.cli.entity.EntityCommand;
import io.tidaldb.server.cli.migrate.MigrateCommand;
import io.tidaldb.server.cli.negative.NegativeCommand;
import io.tidaldb.server.cli.plugins.PluginsCommand;
import io.tidaldb.server.cli.query.QueryCommand;
import io.tidaldb.server.cli.session.SessionCommand;
import io.tidaldb.server.cli.signal.SignalCommand;
import io.tidaldb.server.cli.tenant.TenantCommand;
import io.tidaldb.server.cli.token.TokenCommand;
import io.tidaldb.server.cli.upgrade.UpgradeCommand;
import io.tidaldb.server.cli.wal.WalCommand;
import io.tidaldb.server.node.NodeCommand;
import io.tidaldb.server.quickstart.QuickstartCommand;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/**
 * The tidal command line. Results go to standard output, everything else to standard error; exit codes are those of
 * {@link io.tidaldb.server.cli.ExitCodes}.
 */
@Command(
        name = "tidal",
        description = "A multi-tenant, sharded signal store.",
        mixinStandardHelpOptions = true,
        versionProvider = VersionText.class,
        scope = ScopeType.INHERIT,
        usageHelpAutoWidth = true,
        subcommands = {
            QuickstartCommand.class,
            SignalCommand.class,
            QueryCommand.class,
            EntityCommand.class,
            NegativeCommand.class,
            SessionCommand.class,
            TenantCommand.class,
            WalCommand.class,
            PluginsCommand.class,
            NodeCommand.class,
            ClusterCommand.class,
            UpgradeCommand.class,
            MigrateCommand.class,
            TokenCommand.class,
            AuditCommand.class,
            DoctorCommand.class,
            DebugCommand.class,
            CompletionCommand.class
        })
public final class TidalCommand implements Runnable {

    // Read by its name: the parser keeps it as the mixin "common" of the root, where every command finds it.
    @Mixin
    @SuppressWarnings("UnusedVariable")
    private final CommonOptions common = new CommonOptions();

    @Spec
    @SuppressWarnings("NullAway.Init")
    private CommandSpec spec;

    /** Runs one command and exits with its code. */
    public static void main(String[] args) {
        int code = commandLine()
                .setOut(writer(FileDescriptor.out))
                .setErr(writer(FileDescriptor.err))
                .execute(args);
        System.exit(code);
    }

    /** Returns the whole command line, ready to execute. */
    public static CommandLine commandLine() {
        return ErrorReport.install(new CommandLine(new TidalCommand()).setCaseInsensitiveEnumValuesAllowed(true));
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "which command? See tidal --help");
    }

    // The platform's charset would mangle names of entities.
    private static PrintWriter writer(FileDescriptor descriptor) {
        return new PrintWriter(new OutputStreamWriter(new FileOutputStream(descriptor), StandardCharsets.UTF_8), true);
    }
}
