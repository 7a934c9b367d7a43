package io.tidaldb.server.cli.plugins;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Plugins. */
@Command(name = "plugins", description = "Shows the plugins that were found.", subcommands = PluginsListCommand.class)
public final class PluginsCommand extends CommandGroup {}
