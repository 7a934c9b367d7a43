/**
 * Creates, plans, changes and finds tenants, and waits until all nodes have done what was agreed on one. What opens and closes their slots on a node
 * is in {@code core.hosting}.
 */
@NullMarked
package io.tidaldb.core.lifecycle;

import org.jspecify.annotations.NullMarked;
