/** The commands of {@code tidal session}: sessions of users. */
@NullMarked
package io.tidaldb.server.cli.session;

import org.jspecify.annotations.NullMarked;
