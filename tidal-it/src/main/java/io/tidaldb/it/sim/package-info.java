/** Machines, disks and a network in virtual time: a whole cluster runs in one thread from one seed, and runs the same way every time. */
@NullMarked
package io.tidaldb.it.sim;

import org.jspecify.annotations.NullMarked;
