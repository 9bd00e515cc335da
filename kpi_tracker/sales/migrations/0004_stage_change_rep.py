import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('sales', '0003_lead_and_qualified_on'),
    ]

    operations = [
        migrations.AlterField(
            model_name='stagechange',
            name='rep',
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='orgs.rep', verbose_name='rep'),
        ),
    ]
