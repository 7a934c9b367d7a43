/**
 * Replaces the release of a cluster, node by node: who goes next, what makes it safe, and what a node does about itself. Releases and their
 * phases are in {@code core.upgrade}.
 */
@NullMarked
package io.tidaldb.core.upgrade.rolling;

import org.jspecify.annotations.NullMarked;
