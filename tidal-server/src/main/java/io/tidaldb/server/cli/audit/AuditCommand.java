package io.tidaldb.server.cli.audit;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Commands about the audit log. */
@Command(
        name = "audit",
        description =
                "Who changed what: every change of what the cluster has agreed on, and every one that it refused.",
        subcommands = {AuditListCommand.class, AuditVerifyCommand.class, AuditExportCommand.class})
public final class AuditCommand extends CommandGroup {}
