package io.tidaldb.server.cli.tenant;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Tenants: their quotas, where they live, what they use. */
@Command(
        name = "tenant",
        description = "Creates, shows, changes and deletes tenants.",
        subcommands = {
            TenantCreateCommand.class,
            TenantListCommand.class,
            TenantShowCommand.class,
            TenantSetCommand.class,
            TenantUsageCommand.class,
            TenantExplainCommand.class,
            TenantDeleteCommand.class,
            TenantErasuresCommand.class,
            TenantKeyCommand.class,
            TenantBackupCommand.class,
            TenantRestoreCommand.class
        })
public final class TenantCommand extends CommandGroup {}
