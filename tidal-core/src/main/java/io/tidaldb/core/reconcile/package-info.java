/**
 * Asks all replicas of tenants what they hold, and tells what they lack. Plans of one slot are made in {@code core.replication}.
 */
@NullMarked
package io.tidaldb.core.reconcile;

import org.jspecify.annotations.NullMarked;
