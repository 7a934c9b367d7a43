/** The options that commands of several groups take, and how their values are read. */
@NullMarked
package io.tidaldb.server.cli.option;

import org.jspecify.annotations.NullMarked;
