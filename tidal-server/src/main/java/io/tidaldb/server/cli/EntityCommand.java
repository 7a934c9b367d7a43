package io.tidaldb.server.cli;

import picocli.CommandLine.Command;

/** Entities of a tenant. */
@Command(
        name = "entity",
        description = "Erases an entity for good, and shows which nodes have done so.",
        subcommands = {EntityEraseCommand.class, EntityErasuresCommand.class})
public final class EntityCommand extends CommandGroup {}
