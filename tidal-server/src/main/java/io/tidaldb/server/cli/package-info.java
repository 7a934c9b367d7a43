/** What every command is made of: its base class, output, errors and exit codes; one package below for each group of commands. */
@NullMarked
package io.tidaldb.server.cli;

import org.jspecify.annotations.NullMarked;
