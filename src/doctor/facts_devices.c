/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Devices of the instance: network interfaces and their queues, RDMA, accelerators.
 */
#include "doctor/facts.h"

#include "doctor/lines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { SOCKETS_MAX = 1 << 20 };

static void out_cleanup(struct out *out)
{
	out_done(out);
}

struct walk {
	const struct system *sys;
	struct facts *facts;
};

/* --- network ------------------------------------------------------------------------- */

static void count_queue(const char *name, void *data)
{
	uint64_t *const num = data;

	if (strncmp(name, "rx-", 3) == 0 || strncmp(name, "tx-", 3) == 0)
		(*num)++;
}

/* Bridges, tunnels and the loopback have no device behind them. */
static void visit_interface(const char *name, void *data)
{
	const struct walk *const walk = data;
	struct network_facts *const network = &walk->facts->network;
	char path[SYSTEM_PATH_MAX];

	if (!path_join(path, "/sys/class/net/%s/device", name) ||
	    !system_has(walk->sys, path))
		return;
	network->num_interfaces++;
	if (path_join(path, "/sys/class/net/%s/queues", name))
		(void)system_list(walk->sys, path, count_queue, &network->num_queues);
}

/* Local address, remote address, state: "0: 00000000:0016 00000000:0000 0A …" */
static bool is_ssh_listener(struct cella_bytes line)
{
	char text[160];
	const char *local;

	text_copy(line, text, sizeof text);
	local = strchr(text, ':');
	local = local != NULL ? strchr(local + 1, ':') : NULL;
	return local != NULL && strncmp(local, ":0016 ", 6) == 0 &&
	       strstr(local, ":0000 0A ") != NULL;
}

static void find_ssh(const struct system *sys, const char *path,
		     struct network_facts *network)
{
	struct out text CLEANUP(out_cleanup) = { 0 };
	struct cella_bytes rest;
	struct cella_bytes line;

	if (system_read(sys, path, SOCKETS_MAX, &text) != 0)
		return;
	if (network->ssh == NOT_KNOWN)
		network->ssh = KNOWN_NO;
	rest = out_view(&text);
	while (lines_next(&rest, &line))
		if (is_ssh_listener(line))
			network->ssh = KNOWN_YES;
}

void gather_network(const struct system *sys, struct facts *facts)
{
	struct walk walk = { sys, facts };

	facts->network.list_errno =
		system_list(sys, "/sys/class/net", visit_interface, &walk);
	find_ssh(sys, "/proc/net/tcp", &facts->network);
	find_ssh(sys, "/proc/net/tcp6", &facts->network);
	facts->network.known = true;
}

/* --- devices on the bus -------------------------------------------------------------- */

static void visit_rdma(const char *name, void *data)
{
	struct pci_facts *const pci = data;

	if (pci->num_rdma++ == 0)
		text_copy(bytes_of(name, strlen(name)), pci->rdma, sizeof pci->rdma);
}

/* PCI classes: 3D controllers, which is what a GPU without a screen is, and accelerators. */
static bool is_accelerator(const char *class)
{
	return strncmp(class, "0x0302", 6) == 0 || strncmp(class, "0x1200", 6) == 0;
}

static void visit_pci(const char *name, void *data)
{
	const struct walk *const walk = data;
	struct pci_facts *const pci = &walk->facts->pci;
	char path[SYSTEM_PATH_MAX];
	char class[16];

	if (!path_join(path, "/sys/bus/pci/devices/%s/class", name) ||
	    system_text(walk->sys, path, class, sizeof class) != 0 ||
	    !is_accelerator(class))
		return;
	if (pci->num_accelerators++ == 0)
		text_copy(bytes_of(name, strlen(name)), pci->accelerator,
			  sizeof pci->accelerator);
}

void gather_pci(const struct system *sys, struct facts *facts)
{
	struct walk walk = { sys, facts };
	struct pci_facts *const pci = &facts->pci;

	(void)system_list(sys, "/sys/class/infiniband", visit_rdma, pci);
	(void)system_list(sys, "/sys/bus/pci/devices", visit_pci, &walk);
	pci->has_class = system_has(sys, "/sys/class");
	pci->has_bus = system_has(sys, "/sys/bus");
	pci->known = true;
}
