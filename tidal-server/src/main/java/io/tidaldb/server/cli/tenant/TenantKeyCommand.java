package io.tidaldb.server.cli.tenant;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Keys of an encrypted tenant. */
@Command(
        name = "key",
        description = "Shows, rotates, revokes and restores the keys of an encrypted tenant.",
        subcommands = {
            TenantKeyShowCommand.class,
            TenantKeyRotateCommand.class,
            TenantKeyRevokeCommand.class,
            TenantKeyRestoreCommand.class
        })
final class TenantKeyCommand extends CommandGroup {}
