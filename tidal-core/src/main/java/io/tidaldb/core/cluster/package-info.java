/**
 * The nodes of this process and the links to the others: which run, who holds what, and the calls that nodes make to each other. What is
 * decided about tenants is not here.
 */
@NullMarked
package io.tidaldb.core.cluster;

import org.jspecify.annotations.NullMarked;
