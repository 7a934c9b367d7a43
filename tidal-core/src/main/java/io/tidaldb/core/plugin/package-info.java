/** Finds plugins, refuses bad ones and hands out the chosen: the only user of the service loader. */
@NullMarked
package io.tidaldb.core.plugin;

import org.jspecify.annotations.NullMarked;
