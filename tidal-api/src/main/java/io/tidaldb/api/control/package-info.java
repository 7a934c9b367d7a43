/** Where decisions are agreed: the ordered, durable log of the control plane. */
@NullMarked
package io.tidaldb.api.control;

import org.jspecify.annotations.NullMarked;
