/** What must hold of a simulated cluster whatever happens to it: each checker knows one thing, and no scenario. */
@NullMarked
package io.tidaldb.it.sim.check;

import org.jspecify.annotations.NullMarked;
