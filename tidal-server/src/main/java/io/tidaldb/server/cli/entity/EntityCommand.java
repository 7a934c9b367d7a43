package io.tidaldb.server.cli.entity;

import io.tidaldb.server.cli.CommandGroup;
import picocli.CommandLine.Command;

/** Entities of a tenant. */
@Command(
        name = "entity",
        description = "Erases an entity for good, and shows which nodes have done so.",
        subcommands = {EntityEraseCommand.class, EntityErasuresCommand.class})
public final class EntityCommand extends CommandGroup {}
