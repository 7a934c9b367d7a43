/** How nodes talk. */
@NullMarked
package io.tidaldb.api.transport;

import org.jspecify.annotations.NullMarked;
