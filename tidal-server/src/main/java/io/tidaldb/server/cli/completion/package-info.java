/** The command {@code tidal completion}: what shells offer while one types. */
@NullMarked
package io.tidaldb.server.cli.completion;

import org.jspecify.annotations.NullMarked;
