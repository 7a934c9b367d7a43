/**
 * Opens, assigns, fills and closes the slots and tenants of this process, with their keys, as the control log says. Who leads them is
 * decided in {@code core.leading}.
 */
@NullMarked
package io.tidaldb.core.hosting;

import org.jspecify.annotations.NullMarked;
