"""Running an installation: probes, figures, backup, restore and upgrade. Stands above everything else."""
