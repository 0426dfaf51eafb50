// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stopping the device for certain.  Memory that it may reach is given back only
 * when one of these has been seen to have worked, the gentlest first:
 *
 *  - a reset of its own, which it has acknowledged;
 *  - a function reset;
 *  - its bus mastering cleared, and read back from a function that is itself;
 *  - the link down, as the port above says;
 *  - the port above closed.  A port with Bus Master Enable clear forwards no
 *    memory request upstream (PCI Express 4.0, 7.5.1.1.3), whatever is behind
 *    it; and it is the port that says so, not the device.
 *
 * That a function reads as all ones proves nothing by itself: what cannot be
 * read may still write.
 */
#include "nms_regs.h"

/* ---- the link ------------------------------------------------------------------ */

/* Does the port above say that the link is up? */
static bool nms_link_is_up(struct pci_dev *pdev)
{
	struct pci_dev *port = pci_upstream_bridge(pdev);
	u16 status = 0;

	if (!port || pcie_capability_read_word(port, PCI_EXP_LNKSTA, &status))
		return false;
	return status & PCI_EXP_LNKSTA_DLLLA;
}

/* While the device is known to answer: is what the port says about the link to be believed? */
void nms_note_link(struct nms_device *nms)
{
	nms->link_told = nms_link_is_up(nms->pdev);
}

/*
 * With the link down nothing can come from the device.  Only a port that said
 * "up" while the device was known to answer is believed.
 */
static bool nms_link_is_down(struct nms_device *nms)
{
	return nms->link_told && !nms_link_is_up(nms->pdev);
}

/* ---- the function -------------------------------------------------------------- */

/* An absent function, or what stands between, may answer anything. */
static bool nms_is_itself(struct pci_dev *pdev)
{
	u32 id = 0;

	pci_read_config_dword(pdev, PCI_VENDOR_ID, &id);
	return id == (pdev->vendor | (u32)pdev->device << 16);
}

/* Not in its place, as far as can be seen. */
bool nms_has_gone(struct nms_device *nms)
{
	return !pci_channel_offline(nms->pdev) && !nms_is_itself(nms->pdev);
}

/* There, but as a reset has left it: its registers cannot be reached. */
static bool nms_lacks_config(struct nms_device *nms)
{
	u16 command = 0;

	if (!nms_is_itself(nms->pdev))
		return false;
	pci_read_config_word(nms->pdev, PCI_COMMAND, &command);
	return !(command & PCI_COMMAND_MEMORY);
}

/* As it was before its first start, no bus master; what the core has saved it uses but once. */
void nms_restore_config(struct nms_device *nms)
{
	pci_load_saved_state(nms->pdev, nms->saved_config);
	pci_restore_state(nms->pdev);
}

/* A function that had gone may come back without its configuration, at any moment. */
void nms_regain_config(struct nms_device *nms)
{
	if (nms_lacks_config(nms))
		nms_restore_config(nms);
}

static bool nms_clear_master(struct pci_dev *pdev)
{
	u16 before, after;

	pci_read_config_word(pdev, PCI_COMMAND, &before);
	pci_clear_master(pdev);
	pci_read_config_word(pdev, PCI_COMMAND, &after);
	return after == (before & ~PCI_COMMAND_MASTER) && nms_is_itself(pdev);
}

static bool nms_flr(struct nms_device *nms)
{
	struct pci_dev *pdev = nms->pdev;
	int err;

	if (!nms_is_itself(pdev))
		return false;
	err = pcie_reset_flr(pdev, PCI_RESET_DO_RESET);
	if (err)
		return false;
	nms_restore_config(nms);
	return !nms_regs_wait_status(nms, U32_MAX, 0);
}

/* ---- the port above ------------------------------------------------------------ */

/* The port above, if there is nobody else behind it. */
static struct pci_dev *nms_own_port(struct pci_dev *pdev)
{
	struct pci_dev *port = pci_upstream_bridge(pdev);

	if (!port || !pci_is_pcie(port))
		return NULL;
	if (pci_pcie_type(port) != PCI_EXP_TYPE_ROOT_PORT &&
	    pci_pcie_type(port) != PCI_EXP_TYPE_DOWNSTREAM)
		return NULL;
	return list_is_singular(&pdev->bus->devices) ? port : NULL;
}

/*
 * Its own interrupts (of hot plug, say) go with it, so this comes last.  It is
 * opened when the device has come back, or, if it never does, by the core when
 * a driver enables what it finds there.
 */
static bool nms_close_port(struct nms_device *nms)
{
	struct pci_dev *port = nms_own_port(nms->pdev);
	u16 command = PCI_COMMAND_MASTER;

	if (!port)
		return false;
	pci_clear_master(port);
	pci_read_config_word(port, PCI_COMMAND, &command);
	if (command & PCI_COMMAND_MASTER) {
		pci_set_master(port);
		return false;
	}
	if (!nms->port_closed)
		dev_warn(&nms->pdev->dev, "silent: %s forwards nothing from it any more\n",
			 pci_name(port));
	nms->port_closed = true;
	return true;
}

/* True: the device's accesses get through, once it is a bus master. */
bool nms_open_port(struct nms_device *nms)
{
	if (!nms->port_closed)
		return true;
	if (!nms_clear_master(nms->pdev))
		return false;
	pci_set_master(pci_upstream_bridge(nms->pdev));
	nms->port_closed = false;
	return true;
}

/* ---- all of it ----------------------------------------------------------------- */

/* True: no DMA of the device will happen any more. */
bool nms_halt(struct nms_device *nms)
{
	struct pci_dev *pdev = nms->pdev;

	if (!pci_channel_offline(pdev)) {
		if (!nms_regs_reset(nms))
			return true;
		if (nms_flr(nms))
			return true;
	}
	return nms_clear_master(pdev) || nms_link_is_down(nms) || nms_close_port(nms);
}
